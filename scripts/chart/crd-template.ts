// A CRD of deploy/crds as a template of the chart: installed and upgraded with the release, and kept when it goes.

/** Where helm's words go: right below the name, which is where the generated CRDs have no labels and annotations yet. */
const nameLine = /^metadata:\n {2}name: \S+\n/m;

const metadata = `  labels:
    {{- include "rtvm.labels" . | nindent 4 }}
  {{- if .Values.crds.keep }}
  annotations:
    helm.sh/resource-policy: keep
  {{- end }}
`;

/**
 * @param definition - text of the CRD, as `npm run generate` writes it.
 * @throws Error where the text is not of that form.
 */
export function crdTemplate(definition: string): string {
  if (!nameLine.test(definition) || /^ {2}(labels|annotations):/m.test(definition)) throw new Error('a CRD with a name, and no labels or annotations of its own, was expected');
  // What a rule or a description says in braces is no template.
  const literal = definition.replace(/^# .*\n/, '').replaceAll('{{', '{{ "{{" }}');
  const named = literal.replace(nameLine, (line) => line + metadata);
  return `{{- /* Generated from deploy/crds by "npm run generate"; do not edit. */ -}}\n{{- if .Values.crds.install }}\n${named.trimEnd()}\n{{- end }}\n`;
}
