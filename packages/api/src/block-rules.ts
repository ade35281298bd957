import { isAddressSpaceRule } from "./address-field.ts";
import type { CelRule } from "./cel-rule.ts";

const NAME = "self.metadata.name";
const SPACE = "self.spec.addressSpace";
const PREFIX = "self.spec.prefix";

/** What is wrong with the prefix or the space themselves is said by their own rules. */
const HAS_NO_NAME = `!isCIDR(${PREFIX}) || string(cidr(${PREFIX}).masked()) != ${PREFIX} || !${isAddressSpaceRule(SPACE)}`;

/** A rule at the root of an IPBlock: the name, the prefix and its space say the same. */
export const BLOCK_NAME_RULE: CelRule = {
  rule:
    `(${SPACE} == '' ? ${isNameOfPrefix(NAME)}` +
    ` : ${NAME}.startsWith(${SPACE} + '.') && ${isNameOfPrefix(`${NAME}.substring(size(${SPACE}) + 1)`)})` +
    ` || ${HAS_NO_NAME}`,
  message: 'must be the prefix with "-" for "/", and "<addressSpace>." in front of it outside the default space',
  messageExpression:
    `${PREFIX}.contains(':')` +
    ` ? 'must be the network as eight groups of four lower-case digits, and its length, all joined by "-", such as` +
    " 2001-0db8-0000-0000-0000-0000-0000-0000-64 for 2001:db8::/64," +
    ` with "<addressSpace>." in front of it outside the default space'` +
    ` : 'must be "%s", as spec.prefix and spec.addressSpace say'` +
    `.format([(${SPACE} == '' ? '' : ${SPACE} + '.') + ${PREFIX}.replace('/', '-')])`,
  fieldPath: ".metadata.name",
};

/** CEL for whether a name without its space is that of the prefix; no name has a ":" or a "/". */
function isNameOfPrefix(name: string): string {
  const spelt = `${name}.replace('-', ':', 7).replace('-', '/')`;
  const isEightGroups = `${name}.matches('^[0-9a-f]{4}(-[0-9a-f]{4}){7}-[0-9]{1,3}$')`;
  const isNameOfIpv6 = `${isEightGroups} && isCIDR(${spelt}) && string(cidr(${spelt})) == ${PREFIX}`;
  return `(${name} == ${PREFIX}.replace('/', '-') || (${isNameOfIpv6}))`;
}
