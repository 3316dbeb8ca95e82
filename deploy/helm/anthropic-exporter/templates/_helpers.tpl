{{- define "anthropic-exporter.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 52 | trimSuffix "-" }}
{{- end }}

{{/* 52: a pod's label controller-revision-hash is this and eleven characters more, and may have 63. */}}
{{- define "anthropic-exporter.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name }}
{{- $both := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- .Values.fullnameOverride | default $both | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "anthropic-exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "anthropic-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "anthropic-exporter.labels" -}}
{{ include "anthropic-exporter.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "anthropic-exporter.image" -}}
{{- $image := .Values.image }}
{{- $name := list $image.registry $image.repository | compact | join "/" }}
{{- if $image.digest }}{{ $name }}@{{ $image.digest }}
{{- else }}{{ $name }}:{{ $image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{- define "anthropic-exporter.serviceAccountName" -}}
{{- $own := .Values.serviceAccount.create | ternary (include "anthropic-exporter.fullname" .) "default" }}
{{- .Values.serviceAccount.name | default $own }}
{{- end }}

{{- define "anthropic-exporter.adminKeySecret" -}}
{{- .Values.adminKey.existingSecret | default (printf "%s-admin-key" (include "anthropic-exporter.fullname" .)) }}
{{- end }}

{{/* A file that the chart has by a symbolic link. Whatever copies charts may have left it out. */}}
{{- define "anthropic-exporter.file" -}}
{{- $text := .root.Files.Get .path }}
{{- if not $text }}
{{- fail (printf "%s is missing in this copy of the chart, as it is a symbolic link in the repository: install the packaged chart, oci://ghcr.io/anthropic-exporter/charts/anthropic-exporter" .path) }}
{{- end }}
{{- $text }}
{{- end }}
