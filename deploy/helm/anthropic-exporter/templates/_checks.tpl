{{/* What a schema cannot say, or not in words that help. */}}
{{- define "anthropic-exporter.check" -}}
{{- $key := .Values.adminKey }}
{{- $external := $key.externalSecret }}
{{- if and .Values.demo (or $key.existingSecret $external.enabled) }}
{{- fail "demo: a simulated organization needs no key: leave adminKey out, or demo" }}
{{- else if and $key.existingSecret $external.enabled }}
{{- fail "adminKey: give either existingSecret or externalSecret" }}
{{- else if and $external.enabled (not (and $external.secretStoreRef.name $external.remoteRef.key)) }}
{{- fail "adminKey.externalSecret: secretStoreRef.name and remoteRef.key say where the key comes from" }}
{{- else if not (or .Values.demo $key.existingSecret $external.enabled) }}
{{- fail (printf "adminKey.existingSecret: name a Secret that holds an Admin key, made by: kubectl create secret generic anthropic-exporter --from-file=%s=FILE\nor set adminKey.externalSecret, or look around without a key: demo=true" $key.key) }}
{{- end }}
{{- if and .Values.teams .Values.teamsFile.existingConfigMap }}
{{- fail "teams: give either teams or teamsFile.existingConfigMap" }}
{{- end }}
{{- if and .Values.ca.existingConfigMap .Values.ca.existingSecret }}
{{- fail "ca: give either existingConfigMap or existingSecret" }}
{{- end }}
{{- if and .Values.proxy.url .Values.proxy.existingSecret }}
{{- fail "proxy: give either url or existingSecret" }}
{{- end }}
{{- $ours := dict
  "api" (dict "key-file" "adminKey" "ca-file" "ca" "proxy-url" "proxy")
  "web" (dict "listen-address" "" "health-address" "" "config-file" "web")
  "storage" (dict "path" "persistence")
  "labels" (dict "hash-key-file" "hashKey")
  "" (dict "teams-file" "teams or teamsFile")
}}
{{- range $section, $settings := $ours }}
{{- $given := $section | empty | ternary $.Values.config (get $.Values.config $section | default dict) }}
{{- range $setting, $value := $settings }}
{{- if hasKey $given $setting }}
{{- $name := list "config" $section $setting | compact | join "." }}
{{- fail (printf "%s: the chart sets it%s" $name ($value | empty | ternary ", for Service and probes" (printf ": use the value %s" $value))) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
