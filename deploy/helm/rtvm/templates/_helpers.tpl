{{- define "rtvm.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* The release's name where it holds the chart's: release rtvm has a Deployment rtvm-controller. */}}
{{- define "rtvm.fullname" -}}
{{- $name := include "rtvm.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "rtvm.selectorLabels" -}}
app.kubernetes.io/name: {{ include "rtvm.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "rtvm.labels" -}}
{{ include "rtvm.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: rtvm
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "rtvm.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- define "rtvm.controllerAccount" -}}
{{- .Values.controller.serviceAccount.name | default (printf "%s-controller" (include "rtvm.fullname" .)) }}
{{- end }}

{{- define "rtvm.agentAccount" -}}
{{- .Values.agent.serviceAccount.name | default (printf "%s-agent" (include "rtvm.fullname" .)) }}
{{- end }}

{{/* As the API server names them: what admission policies compare with. */}}
{{- define "rtvm.controllerUser" -}}
system:serviceaccount:{{ .Release.Namespace }}:{{ include "rtvm.controllerAccount" . }}
{{- end }}

{{- define "rtvm.agentUser" -}}
system:serviceaccount:{{ .Release.Namespace }}:{{ include "rtvm.agentAccount" . }}
{{- end }}

{{- define "rtvm.imageRoot" -}}
{{- .Values.agent.imageRoot | default (printf "%s/images" .Values.agent.stateDir) }}
{{- end }}

{{- define "rtvm.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: metrics}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: metrics}
  periodSeconds: 20
  timeoutSeconds: 5
readinessProbe:
  httpGet: {path: /readyz, port: metrics}
  periodSeconds: 10
  timeoutSeconds: 5
{{- end }}
