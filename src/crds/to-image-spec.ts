/** RealtimeImage to the core's image. */
import type { Checked, FieldProblem } from '../realtime/problem.ts';
import { accepted, refused } from '../realtime/problem.ts';
import type { ImageSource, ImageSpec } from '../realtime/spec.ts';
import type { RealtimeImage } from './realtime-image.ts';

/** As {@link toImageSource} says. */
export function toImageSpec(image: RealtimeImage): Checked<ImageSpec> {
  const source = toImageSource(image.spec.source, 'spec.source');
  if (!source.ok) return source;
  const { metadata: { namespace, name }, spec: { format, realtimeMask } } = image;
  return accepted({ namespace, name, format, source: source.value, realtimeMask });
}

/** `IMAGE_SOURCE` unless there is exactly one of path and url, and a sum with url: what is fetched must be what was meant. */
export function toImageSource(source: RealtimeImage['spec']['source'], path: string): Checked<ImageSource> {
  const { path: file, url, sha256 } = source;
  const problem = (at: string, message: string): FieldProblem => ({ code: 'IMAGE_SOURCE', path: at, message });
  if (file !== undefined && url !== undefined) return refused(problem(path, 'has both path and url; accepted: one of them'));
  if (file !== undefined) return accepted({ kind: 'path', path: file, sha256 });
  if (url === undefined) return refused(problem(path, 'has neither path nor url; accepted: one of them'));
  if (sha256 === undefined) return refused(problem(`${path}.sha256`, 'is required with url; accepted: the 64 digits that sha256sum prints for the file'));
  return accepted({ kind: 'url', url, sha256 });
}

/** The wire form of a source. */
export function fromImageSource(source: ImageSource): RealtimeImage['spec']['source'] {
  switch (source.kind) {
    case 'path':
      return { path: source.path, sha256: source.sha256 };
    case 'url':
      return { url: source.url, sha256: source.sha256 };
  }
}
