{{/* What the chart puts on the command lines of the programs, each flag in one place. */}}
{{- define "cluster-ipam.agentFlags" -}}
- --node-name=$(NODE_NAME)
- --node-ip=$(HOST_IPS)
- --metrics-address=[$(POD_IP)]:{{ .Values.agent.metricsPort }}
- --log-level={{ .Values.agent.logLevel }}
- --reconcile={{ .Values.agent.reconcile }}
- --inline-pools={{ .Values.inlinePools }}
{{- end -}}

{{- define "cluster-ipam.controllerFlags" -}}
- --identity=$(POD_NAME)
- --metrics-address=[$(POD_IP)]:{{ .Values.controller.metricsPort }}
- --log-level={{ .Values.controller.logLevel }}
- --leader-election-namespace={{ .Values.controller.leaderElection.namespace }}
- --leader-election-name={{ .Values.controller.leaderElection.name }}
- --nearly-full-percent={{ .Values.controller.nearlyFullPercent }}
- --garbage-collection={{ .Values.controller.garbageCollection.mode }}
- --garbage-max-percent={{ .Values.controller.garbageCollection.maxPercent }}
- --inline-pool-idle-hours={{ .Values.controller.inlinePoolIdleHours }}
- --consistency-check-interval={{ .Values.controller.consistencyCheck.interval }}
- --check-address=127.0.0.1:{{ .Values.controller.consistencyCheck.port }}
- --lost-node-grace-seconds={{ .Values.controller.garbageCollection.lostNodeGraceSeconds }}
{{- end -}}

{{/* Takes a list: the root, and "agent" or "controller". */}}
{{- define "cluster-ipam.args" -}}
{{- $root := index . 0 -}}
{{- include (printf "cluster-ipam.%sFlags" (index . 1)) $root }}
{{- range (index $root.Values (index . 1)).extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}
