{{/* What the door and the check of its config have in common. */}}
{{- define "portolan.container" -}}
image: {{ include "portolan.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with .Values.command }}
command: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.env }}
env: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.envFrom }}
envFrom: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext: {{- toYaml .Values.securityContext | nindent 2 }}
resources: {{- toYaml .Values.resources | nindent 2 }}
volumeMounts:
  - { name: config, mountPath: /etc/portolan/config, readOnly: true }
  {{- if .Values.tls.secretName }}
  - { name: tls, mountPath: /etc/portolan/tls, readOnly: true }
  {{- end }}
  {{- if .Values.adminTls.secretName }}
  - { name: admin-tls, mountPath: /etc/portolan/admin-tls, readOnly: true }
  {{- end }}
  - name: state
    mountPath: {{ include "portolan.stateFolder" . }}
    {{- if .Values.ranges.existingConfigMap }}
    readOnly: true
    {{- end }}
  - { name: tmp, mountPath: /tmp }
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* What runs before the door, and before an upgrade: its name stands before it. */}}
{{- define "portolan.configCheck" -}}
args: [config, check, {{ include "portolan.configFile" . }}]
# What is wrong stands in the pod's status, too.
terminationMessagePolicy: FallbackToLogsOnError
{{ include "portolan.container" . }}
{{- end -}}

{{/* The volumes of those; a list of the context and of what follows the name of the chart's own ConfigMap. */}}
{{- define "portolan.volumes" -}}
{{- $context := first . -}}
{{- with $context.Values -}}
- name: config
  {{- if .existingConfig.secret }}
  secret:
    secretName: {{ .existingConfig.secret }}
    defaultMode: 0440
    items: [{ key: {{ .existingConfig.key | quote }}, path: portolan.yaml }]
  {{- else if .existingConfig.configMap }}
  configMap:
    name: {{ .existingConfig.configMap }}
    items: [{ key: {{ .existingConfig.key | quote }}, path: portolan.yaml }]
  {{- else }}
  configMap:
    name: {{ include "portolan.fullname" $context }}{{ last $ }}
  {{- end }}
{{- if .tls.secretName }}
- name: tls
  secret: { secretName: {{ .tls.secretName }}, defaultMode: 0440 }
{{- end }}
{{- if .adminTls.secretName }}
- name: admin-tls
  secret: { secretName: {{ .adminTls.secretName }}, defaultMode: 0440 }
{{- end }}
- name: state
  {{- if .ranges.existingClaim }}
  persistentVolumeClaim: { claimName: {{ .ranges.existingClaim }} }
  {{- else if .ranges.existingConfigMap }}
  configMap: { name: {{ .ranges.existingConfigMap }} }
  {{- else }}
  emptyDir: { sizeLimit: {{ .ranges.sizeLimit }} }
  {{- end }}
- name: tmp
  emptyDir: { sizeLimit: 64Mi }
{{- with .extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end -}}

{{/* A probe of the admin service: a list of the context, the path, and its times. */}}
{{- define "portolan.probe" -}}
httpGet:
  path: {{ index . 1 }}
  port: admin
  scheme: {{ ternary "HTTPS" "HTTP" (eq (include "portolan.adminTls" (first .)) "true") }}
{{- with last . }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What says which machine a pod may run on, and as whom. */}}
{{- define "portolan.placement" -}}
automountServiceAccountToken: false
# Or the names of services would come as variables, PORTOLAN_… among them, which are the command's own.
enableServiceLinks: false
securityContext: {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "portolan.topologySpread" -}}
{{- $own := dict "labelSelector" (dict "matchLabels" (include "portolan.selectorLabels" . | fromYaml)) -}}
{{- $constraints := list -}}
{{- range .Values.topologySpreadConstraints -}}
{{- $constraints = append $constraints (merge (deepCopy .) (ternary dict $own (hasKey . "labelSelector"))) -}}
{{- end -}}
{{- toYaml $constraints -}}
{{- end -}}
