/** What a watch tells: the state of the world, object by object, and never its history. */
import type { StoreProblem } from './problem.ts';
import type { AnyStored } from './resource.ts';

export type WatchEvent<Shown = AnyStored> =
  | { readonly type: 'added' | 'modified'; readonly object: Shown }
  /** The object as it was last seen. */
  | { readonly type: 'deleted'; readonly object: Shown }
  /** Everything that was there when the watch began has been told. Comes once. */
  | { readonly type: 'synced' }
  /** Everything that a person has to mend now; comes whenever that changes, with an empty list when all is mended. */
  | { readonly type: 'problems'; readonly problems: readonly StoreProblem[] };
