{{/* What the policies have in common. Takes a list: the root, "leases", "blocks" or "pools", and the resources. */}}
{{- define "cluster-ipam.policyHead" -}}
{{- $root := index . 0 -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: {{ include "cluster-ipam.fullname" $root }}-agent-{{ index . 1 }}
  labels:
    {{- include "cluster-ipam.labels" $root | nindent 4 }}
spec:
  # A policy that cannot be asked lets nothing through.
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
      - apiGroups: [cluster-ipam.io]
        apiVersions: ["*"]
        operations: [CREATE, UPDATE, DELETE]
        resources: {{ index . 2 | toJson }}
  matchConditions:
    - name: is-an-agent
      expression: >-
        request.userInfo.username == 'system:serviceaccount:{{ $root.Release.Namespace }}:{{ include "cluster-ipam.serviceAccountName" (list $root "agent") }}'
{{- end -}}

{{/* The node in the agent's token, which the API server wrote there when it bound the token to the pod; "" without it. */}}
{{- define "cluster-ipam.policyNode" -}}
- name: node
  expression: >-
    has(request.userInfo.extra) && 'authentication.kubernetes.io/node-name' in request.userInfo.extra
    && size(request.userInfo.extra['authentication.kubernetes.io/node-name']) == 1
    ? request.userInfo.extra['authentication.kubernetes.io/node-name'][0] : ''
{{- end -}}

{{- define "cluster-ipam.policyNodeRule" -}}
- expression: variables.node != ''
  reason: Forbidden
  message: >-
    the agent's token does not say on which node it runs: it must be one that is bound to the agent's pod
    (authentication.kubernetes.io/node-name)
{{- end -}}

{{/* By these somebody else would delete the object, or keep it for ever. A DELETE changes neither. */}}
{{- define "cluster-ipam.policyMetadataRule" -}}
- expression: >-
    request.operation == 'DELETE'
    || (has(object.metadata.finalizers) ? object.metadata.finalizers : [])
    == (request.operation == 'UPDATE' && has(oldObject.metadata.finalizers) ? oldObject.metadata.finalizers : [])
    && (has(object.metadata.ownerReferences) ? object.metadata.ownerReferences : [])
    == (request.operation == 'UPDATE' && has(oldObject.metadata.ownerReferences) ? oldObject.metadata.ownerReferences : [])
  reason: Forbidden
  message: agents neither set nor change finalizers and ownerReferences
{{- end -}}

{{- define "cluster-ipam.policyBinding" -}}
{{- $root := index . 0 -}}
{{- $name := printf "%s-agent-%s" (include "cluster-ipam.fullname" $root) (index . 1) -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ $name }}
  labels:
    {{- include "cluster-ipam.labels" $root | nindent 4 }}
spec:
  policyName: {{ $name }}
  validationActions: [Deny]
{{- end -}}
