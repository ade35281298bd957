import { isAddressSpaceRule } from "./address-field.ts";
import type { CelRule } from "./cel-rule.ts";

// Every lease that is created pays for these rules: tens of microseconds each, and two or three for every field that
// an expression reads. So there are few of them, they ask first what holds for nearly every lease, and
// `messageExpression`, which only a refused lease pays for, finds out what is wrong.

const NAME = "self.metadata.name";
const SPACE = "self.spec.addressSpace";
const ADDRESS = "self.spec.address";

/** What is wrong with the address or the space themselves is said by their own rules. */
const HAS_NO_NAME = `!isIP(${ADDRESS}) || !ip.isCanonical(${ADDRESS}) || !${isAddressSpaceRule(SPACE)}`;

/** A rule at the root of an IPLease: the name, the address and its space say the same. */
export const LEASE_NAME_RULE: CelRule = {
  rule:
    `(${SPACE} == '' ? ${isNameOfAddress(NAME)}` +
    ` : ${NAME}.startsWith(${SPACE} + '.') && ${isNameOfAddress(`${NAME}.substring(size(${SPACE}) + 1)`)})` +
    ` || ${HAS_NO_NAME}`,
  message: 'must be the address, with "<addressSpace>." in front of it outside the default space',
  messageExpression:
    `${ADDRESS}.contains(':')` +
    ` ? 'must be the address as eight groups of four lower-case digits joined by "-", such as` +
    " 2001-0db8-0000-0000-0000-0000-0000-0005 for 2001:db8::5," +
    ` with "<addressSpace>." in front of it outside the default space'` +
    ` : 'must be "%s", as spec.address and spec.addressSpace say'` +
    `.format([${SPACE} == '' ? ${ADDRESS} : ${SPACE} + '.' + ${ADDRESS}])`,
  fieldPath: ".metadata.name",
};

/** CEL for whether a name without its space is that of the address; no name has a ":", so that no IPv6 address is one. */
function isNameOfAddress(name: string): string {
  const spelt = `${name}.replace('-', ':')`;
  const isEightGroups = `${name}.matches('^[0-9a-f]{4}(-[0-9a-f]{4}){7}$')`;
  return `(${name} == ${ADDRESS} || (${isEightGroups} && isIP(${spelt}) && string(ip(${spelt})) == ${ADDRESS}))`;
}

const IS_KEPT_FOR_POD =
  "has(self.reserved.__for__) && has(self.pod)" +
  " && self.reserved.__for__.__namespace__ == self.pod.__namespace__" +
  " && self.reserved.__for__.name == self.pod.name";
const HOLDER = "self.pod.__namespace__ + '/' + self.pod.name + '/' + self.ifName";

const FAMILY_RULES: readonly CelRule[] = [
  {
    rule: "self.prefixLength <= 32 || self.address.contains(':') || !isIP(self.address)",
    message: "prefixLength of an IPv4 address is at most 32",
    fieldPath: ".prefixLength",
  },
  {
    rule:
      "!has(self.gateway) || self.gateway.contains(':') == self.address.contains(':')" +
      " || !isIP(self.gateway) || !isIP(self.address)",
    message: "gateway must be of the same family as address",
    messageExpression: "'gateway %s is of another family than address %s'.format([self.gateway, self.address])",
    fieldPath: ".gateway",
  },
];

const ATTACHED_RULE: CelRule = {
  rule:
    "self.containerID == '' || (self.network != '' && self.node != '' && self.ifName != ''" +
    ` && !has(self.releasedAt) && !has(self.keepSeconds) && (!has(self.reserved) || (${IS_KEPT_FOR_POD})))`,
  message: "an attachment (containerID) has network, node and ifName, no releasedAt, and no other pod's reservation",
  messageExpression:
    "self.network == '' || self.node == '' || self.ifName == ''" +
    " ? 'an attachment (containerID) needs network, node and ifName too'" +
    " : has(self.releasedAt) || has(self.keepSeconds)" +
    " ? 'an attached lease is not released: remove releasedAt and keepSeconds, or clear containerID, node and sandbox'" +
    " : 'a reserved address may only be attached to the pod that reserved.for names'",
};

const UNATTACHED_RULE: CelRule = {
  rule:
    "self.containerID != '' || (self.node == '' && !has(self.sandbox) && !has(self.addedAt)" +
    " && has(self.reserved) != has(self.releasedAt)" +
    " && (!has(self.reserved) || (!has(self.keepSeconds) && !has(self.pod) && self.ifName == '')))",
  message: "a lease without an attachment (containerID) is either reserved or released",
  messageExpression:
    "!has(self.reserved) && !has(self.releasedAt)" +
    " ? 'a lease needs an attachment (network, node, containerID and ifName), or reserved.reason, or releasedAt'" +
    " : self.node != '' || has(self.sandbox) || has(self.addedAt)" +
    " ? 'node, sandbox and addedAt belong to an attachment: remove them, or set containerID'" +
    " : has(self.releasedAt) ? 'a reserved lease has no releasedAt: remove one of the two'" +
    " : has(self.keepSeconds) ? 'keepSeconds belongs to a released lease: remove it, a reservation is kept until it is deleted'" +
    " : 'a reserved lease has no pod and no ifName: remove them; reserved.for keeps the address for one pod'",
};

/** What a reservation says is looked at in reservations alone: an ADD makes none. */
export const RESERVATION_REASON: CelRule = {
  rule: "self.trim() != ''",
  message: "must say why the address is kept: whoever asks for it is told",
};

/** See {@link RESERVATION_REASON}. */
export const NAMESPACE_NAME: CelRule = {
  rule: "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
  message: "no namespace can have this name: expected a DNS label such as default",
};

/** See {@link RESERVATION_REASON}. */
export const POD_NAME: CelRule = {
  rule: "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
  message: "no pod can have this name: expected one such as web-0, its namespace goes into reserved.for.namespace",
};

const HOLDER_RULE: CelRule = {
  rule: `self.holder == (has(self.pod) ? ${HOLDER} : '')`,
  message: "holder must be namespace/name/ifName of the pod, or empty without a pod",
  messageExpression:
    `has(self.pod) ? 'holder must be "%s", as pod and ifName say'.format([${HOLDER}])` +
    " : 'holder must be empty without a pod'",
  fieldPath: ".holder",
};

/** Rules of an IPLease's `spec`: which fields go together. */
export const LEASE_SPEC_RULES: readonly CelRule[] = [...FAMILY_RULES, ATTACHED_RULE, UNATTACHED_RULE, HOLDER_RULE];
