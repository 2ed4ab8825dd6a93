/** How resolving finds what a VM names. */
import type { ClassSpec, ImageSpec } from '../spec.ts';

/** Where names are looked up; any Map is one. */
export type Lookup<Value> = Pick<ReadonlyMap<string, Value>, 'get' | 'keys'>;

export interface ResolveContext {
  /** By name. */
  readonly classes: Lookup<ClassSpec>;
  /** By {@link imageKey}. */
  readonly images: Lookup<ImageSpec>;
}

/** The key of an image in {@link ResolveContext.images}; neither part can contain a slash. */
export function imageKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}
