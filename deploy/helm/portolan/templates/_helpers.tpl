{{- define "portolan.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 50 characters, so that what is appended to it ends within 63; a service's name has no dots. */}}
{{- define "portolan.fullname" -}}
{{- $name := include "portolan.name" . -}}
{{- $both := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- $full := .Values.fullnameOverride | default $both | replace "." "-" | trunc 50 | trimSuffix "-" -}}
{{- if not (regexMatch "^[a-z]" $full) -}}
{{- fail (printf "fullnameOverride: give one, since %q begins with a digit, as the name of a service must not" $full) -}}
{{- end -}}
{{- $full -}}
{{- end -}}

{{- define "portolan.adminName" -}}
{{- include "portolan.fullname" . }}-admin
{{- end -}}

{{- define "portolan.selectorLabels" -}}
app.kubernetes.io/name: {{ include "portolan.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "portolan.labels" -}}
{{- $own := dict
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
  "app.kubernetes.io/version" (.Chart.AppVersion | replace "+" "_" | trunc 63)
  "app.kubernetes.io/managed-by" .Release.Service -}}
{{- toYaml (merge (include "portolan.selectorLabels" . | fromYaml) $own .Values.commonLabels) -}}
{{- end -}}

{{/* Name and labels of what the chart makes: a list of the context and of what follows the full name. */}}
{{- define "portolan.metadata" -}}
{{- $context := first . -}}
name: {{ include "portolan.fullname" $context }}{{ last . }}
namespace: {{ $context.Release.Namespace }}
labels:
  {{- include "portolan.labels" $context | nindent 2 }}
{{- end -}}

{{- define "portolan.image" -}}
{{- $repository := .Values.image.repository | required "image.repository: say where your image is; none is published yet (deploy/docker makes one)" -}}
{{- if regexMatch ":[^/]*$" $repository -}}
{{- fail (printf "image.repository: %q: must have neither tag nor digest: write them as image.tag and image.digest" $repository) -}}
{{- end -}}
{{- if .Values.image.digest -}}
{{ $repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "portolan.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (ternary (include "portolan.fullname" .) "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{/* "true" where the door itself speaks TLS. */}}
{{- define "portolan.doorTls" -}}
{{- if or .Values.tls.secretName (include "portolan.config" . | fromYaml).tls }}true{{ end -}}
{{- end -}}

{{- define "portolan.adminTls" -}}
{{- if or .Values.adminTls.secretName (include "portolan.config" . | fromYaml).adminTls }}true{{ end -}}
{{- end -}}

{{- define "portolan.servicePort" -}}
{{- .Values.service.port | default (ternary 443 80 (eq (include "portolan.doorTls" .) "true")) -}}
{{- end -}}
