{{/* The folder of the config, of a certificate (tls, admin-tls), and of the range snapshot. */}}
{{- define "portolan.configFile" -}}/etc/portolan/config/portolan.yaml{{- end -}}
{{- define "portolan.stateFolder" -}}/var/lib/portolan{{- end -}}

{{/* The keys of a certificate in the config: a list of its folder, and whether clients need one. */}}
{{- define "portolan.certificate" -}}
certificate: /etc/portolan/{{ first . }}/tls.crt
key: /etc/portolan/{{ first . }}/tls.key
{{- if last . }}
clientCA: /etc/portolan/{{ first . }}/ca.crt
{{- end }}
{{- end -}}

{{/* The config as the door reads it: text as it stands, a map with what the chart knows; "" where it lies elsewhere. */}}
{{- define "portolan.config" -}}
{{- if kindIs "string" .Values.config -}}
{{ .Values.config }}
{{- else if .Values.config -}}
{{- $config := dict
  "listen" (printf ":%d" (int .Values.ports.door))
  "admin" (printf ":%d" (int .Values.ports.admin)) -}}
{{- if .Values.tls.secretName -}}
{{- $_ := set $config "tls" (include "portolan.certificate" (list "tls" .Values.tls.clientCA) | fromYaml) -}}
{{- end -}}
{{- if .Values.adminTls.secretName -}}
{{- $_ := set $config "adminTls" (include "portolan.certificate" (list "admin-tls" false) | fromYaml) -}}
{{- end -}}
{{- toYaml (mergeOverwrite $config (deepCopy .Values.config)) -}}
{{- end -}}
{{- end -}}

{{/* Refuses what would fail in the cluster only, and there less clearly. */}}
{{- define "portolan.check" -}}
{{- $existing := .Values.existingConfig -}}
{{- $sources := 0 -}}
{{- range list .Values.config $existing.configMap $existing.secret }}{{ if . }}{{ $sources = add1 $sources }}{{ end }}{{ end -}}
{{- if ne (int $sources) 1 -}}
{{- fail "config: give exactly one of config (the config itself, such as --set-file config=portolan.yaml), existingConfig.configMap and existingConfig.secret" -}}
{{- end -}}
{{- if .Values.config -}}
{{- $text := include "portolan.config" . -}}
{{- if gt (len $text) 1000000 -}}
{{- fail (printf "config: has %d bytes, and a ConfigMap holds one MiB" (len $text)) -}}
{{- end -}}
{{- $config := fromYaml $text -}}
{{- if $config.Error -}}{{- fail (printf "config: is not YAML: %s" $config.Error) -}}{{- end -}}
{{- include "portolan.checkListener" (list "listen" $config.listen .Values.ports.door "ports.door" "clients come to the address of the pod") -}}
{{- include "portolan.checkListener" (list "admin" $config.admin .Values.ports.admin "ports.admin" "the kubelet asks it for health at the address of the pod") -}}
{{- include "portolan.checkCertificate" (list "tls" $config.tls .Values.tls "tls") -}}
{{- include "portolan.checkCertificate" (list "adminTls" $config.adminTls .Values.adminTls "admin-tls") -}}
{{- if (include "portolan.map" $config.adminTls | fromYaml).clientCA -}}
{{- fail "config.adminTls.clientCA: the kubelet, which asks the admin service for health, has no certificate: networkPolicy.admin says who may come there" -}}
{{- end -}}
{{- include "portolan.checkRanges" (list (include "portolan.map" $config.clouds | fromYaml) .Values.ranges) -}}
{{- end -}}
{{- if and .Values.ranges.existingConfigMap .Values.ranges.existingClaim -}}
{{- fail "ranges: give existingConfigMap or existingClaim, not both" -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) -}}
{{- fail (printf "autoscaling.minReplicas: %v: must not be more than autoscaling.maxReplicas, %v" .Values.autoscaling.minReplicas .Values.autoscaling.maxReplicas) -}}
{{- end -}}
{{- if eq (int .Values.ports.door) (int .Values.ports.admin) -}}
{{- fail (printf "ports.admin: %v: must not be the port of the door" .Values.ports.admin) -}}
{{- end -}}
{{- range .Values.extraVolumes -}}
{{- if has .name (list "config" "tls" "admin-tls" "state" "tmp") -}}
{{- fail (printf "extraVolumes: %q: is the name of a volume of the chart's own: take another" .name) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- fail "httpRoute.parentRefs: name the Gateway that the route belongs to" -}}
{{- end -}}
{{- end -}}

{{/* What a config says of a listener, unless a variable says it: its key, its value, the port, that port's key, and why. */}}
{{- define "portolan.checkListener" -}}
{{- $value := index . 1 -}}
{{- $wanted := printf ":%d" (int (index . 2)) -}}
{{- $isText := kindIs "string" $value -}}
{{- $isRight := and $isText (or (contains "${" ($value | toString)) (has $value (list $wanted (print "0.0.0.0" $wanted) (print "[::]" $wanted)))) -}}
{{- if not $isRight -}}
{{- $found := ternary "missing" (toJson $value) (kindIs "invalid" $value) -}}
{{- fail (printf "config.%s: %s: must be %q, as %s says: %s" (index . 0) $found $wanted (index . 3) (index . 4)) -}}
{{- end -}}
{{- end -}}

{{/* A map as YAML; an empty one for what is none, of which the check of the config has more to say. */}}
{{- define "portolan.map" -}}
{{- ternary . dict (kindIs "map" .) | toYaml -}}
{{- end -}}

{{/* That what the values say of a certificate is in the config: its key there, its value, the values, the folder. */}}
{{- define "portolan.checkCertificate" -}}
{{- $key := index . 0 -}}
{{- $wanted := index . 2 -}}
{{- $folder := printf "/etc/portolan/%s" (index . 3) -}}
{{- if and $wanted.secretName (not (index . 1)) -}}
{{- fail (printf "config.%s: missing, though %s.secretName is given: write { certificate: %s/tls.crt, key: %s/tls.key }" $key $key $folder $folder) -}}
{{- end -}}
{{- if and $wanted.clientCA (not (include "portolan.map" (index . 1) | fromYaml).clientCA) -}}
{{- fail (printf "config.%s.clientCA: missing, though %s.clientCA is true: write %s/ca.crt" $key $key $folder) -}}
{{- end -}}
{{- end -}}

{{/* That a range snapshot is where it can be: clouds of the config, ranges of the values. */}}
{{- define "portolan.checkRanges" -}}
{{- $clouds := first . -}}
{{- $snapshot := $clouds.snapshot | default "" | toString -}}
{{- if and $snapshot (not (hasPrefix "/" $snapshot)) (not (contains "${" $snapshot)) -}}
{{- fail (printf "config.clouds.snapshot: %q: would lie in the folder of the config, which is read-only: write %s/%s" $snapshot (include "portolan.stateFolder" .) (base $snapshot)) -}}
{{- end -}}
{{- if and (last .).existingConfigMap $clouds.refresh (ne ($clouds.refresh | toString) "off") -}}
{{- fail (printf "config.clouds.refresh: %q: the snapshot of ranges.existingConfigMap cannot be written: write \"off\"" ($clouds.refresh | toString)) -}}
{{- end -}}
{{- end -}}
