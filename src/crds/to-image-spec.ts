/** RealtimeImage to the core's image. */
import { combine, mapChecked, problemsOf, unless } from '../realtime/checked.ts';
import { hasMask, parseMask } from '../realtime/mask.ts';
import type { Checked, FieldProblem } from '../realtime/problem.ts';
import { accepted, refused } from '../realtime/problem.ts';
import type { ImageSource, ImageSpec } from '../realtime/spec.ts';
import type { RealtimeImage } from './realtime-image.ts';
import { maxVcpus } from './shape.ts';

/** As {@link toImageSource} says, and `MASK_SYNTAX`; which vCPUs the mask names only a guest's number of vCPUs can tell. */
export function toImageSpec(image: RealtimeImage): Checked<ImageSpec> {
  const { metadata: { namespace, name }, spec: { format, realtimeMask } } = image;
  const parts = combine<{ source: ImageSource; mask: null }>({
    source: toImageSource(image.spec.source, 'spec.source'),
    mask: unless(syntaxProblems(realtimeMask), () => null),
  });
  return mapChecked(parts, ({ source }) => ({ namespace, name, format, source, realtimeMask }));
}

function syntaxProblems(mask: string | undefined): readonly FieldProblem[] {
  if (!hasMask(mask)) return [];
  return problemsOf(parseMask(mask, maxVcpus, 'spec.realtimeMask')).filter(({ code }) => code === 'MASK_SYNTAX');
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
