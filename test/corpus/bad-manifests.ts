// Reads the corpus of bad manifests: each file, and what its first comments say that a person must be told.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const directory = join(import.meta.dirname, 'bad');

export interface BadManifest {
  readonly file: string;
  readonly path: string;
  readonly text: string;
  /** What `kubectl apply` prints, problem by problem; empty where the API server accepts it. */
  readonly server: readonly string[];
  /** Reason and message of the Ready condition, where only the cluster can know. */
  readonly condition: { readonly reason: string; readonly message: string } | undefined;
}

/** All of them, by name. @throws Error for a file whose first comments say neither. */
export function badManifests(): readonly BadManifest[] {
  return readdirSync(directory).toSorted().map((file) => {
    const path = join(directory, file);
    const text = readFileSync(path, 'utf8');
    const server = [...text.matchAll(/^# server: (.*)$/gm)].map(([, line]) => line!);
    const [, reason, message] = /^# condition: (\w+): (.*)$/m.exec(text) ?? [];
    const condition = reason === undefined || message === undefined ? undefined : { reason, message };
    if ((server.length === 0) === (condition === undefined)) throw new Error(`${path} must begin with either "# server:" or "# condition:"`);
    return { file, path, text, server, condition };
  });
}
