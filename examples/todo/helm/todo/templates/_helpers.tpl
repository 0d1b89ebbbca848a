{{/* Names do not follow the release's, so that krmor.yaml can say them: one release in a namespace. */}}

{{/* Labels of an object: (list . "backend"). */}}
{{- define "todo.labels" -}}
{{- $root := index . 0 -}}
{{ include "todo.selector" . }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
{{- end }}

{{- define "todo.selector" -}}
app.kubernetes.io/name: todo
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* What a container has beside its program: (list . .Values.backend). */}}
{{- define "todo.image" -}}
{{- $root := index . 0 -}}
{{- $image := (index . 1).image -}}
image: {{ printf "%s:%s" $image.repository (default $root.Chart.AppVersion $image.tag) | quote }}
imagePullPolicy: {{ $root.Values.imagePullPolicy }}
{{- end }}

{{- define "todo.resources" -}}
{{- with .resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "todo.pullSecrets" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/*
A password that is said once: what the cluster has under (list . SECRET KEY VALUE NAME-OF-THE-VALUE), or else the value. A database
keeps the first one, whatever is said later; and none is made up, since every rendering without a cluster would have another.
*/}}
{{- define "todo.password" -}}
{{- $root := index . 0 -}}
{{- $there := lookup "v1" "Secret" $root.Release.Namespace (index . 1) | default dict -}}
{{- with index ($there.data | default dict) (index . 2) -}}
{{ b64dec . }}
{{- else -}}
{{ required (printf "set %s once, at the installation: the cluster has none yet, or was not asked" (index . 4)) (index . 3) }}
{{- end -}}
{{- end }}

{{/* The Secret with DATABASE_URL. */}}
{{- define "todo.databaseSecret" -}}
{{ .Values.postgres.enabled | ternary "todo-postgres" .Values.database.existingSecret }}
{{- end }}

{{/* Of pods that connect to the database; a NetworkPolicy of krmor.yaml selects them by this. */}}
{{- define "todo.databaseLabel" -}}
database: {{ .Values.postgres.enabled | ternary "own" "external" }}
{{- end }}
