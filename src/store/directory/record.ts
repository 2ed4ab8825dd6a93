/** The file of one object in `state/objects/`: the object itself, and which manifest its spec comes from. */
import { formatRef, isKind } from '../../crds/resource.ts';
import type { ResourceRef } from '../../crds/resource.ts';
import type { AnyStored } from '../resource.ts';
import { checkStored } from '../validate.ts';
import { fileStem } from './object-name.ts';

export interface StoredRecord {
  /** The name of a file in `manifests/`; absent for an object that no manifest describes. */
  readonly manifest?: string | undefined;
  readonly object: AnyStored;
}

/** What is wrong with a record, and what mends it: said after the name of its file. */
export interface Damage {
  readonly damage: string;
}

export function nameOf({ kind, metadata: { namespace, name } }: AnyStored): ResourceRef {
  return { kind, namespace, name };
}

export function formatRecord(record: StoredRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`;
}

/**
 * Reads what {@link formatRecord} wrote; fields that are newer than the file get their defaults, and those
 * that are newer than this version are left out.
 * @param stem of the file that the text is from; it must be the object's.
 */
export function parseRecord(text: string, stem: string): StoredRecord | Damage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return damaged(error instanceof Error ? error.message : String(error));
  }
  if (!isRecord(value)) return damaged('it does not hold an object with its kind, uid, resourceVersion, generation and creationTimestamp');
  const object = checkStored(value.object);
  if (typeof object === 'string') return damaged(object);
  const name = nameOf(object);
  if (fileStem(name) !== stem) return damaged(`it holds ${formatRef(name)}, which belongs in ${fileStem(name)}.json`);
  return { ...value, object };
}

export function damaged(what: string): Damage {
  return { damage: `this state file is damaged: ${what}. Put it back from a backup, or remove it: its object is then made anew from its manifest, with a new uid, and a domain that runs under the old uid is kept as an orphan` };
}

/** Whether it has what the schema of its kind leaves to the store. */
function isRecord(value: unknown): value is StoredRecord {
  if (!isObject(value) || !isObject(value['object']) || !isObject(value['object']['metadata'])) return false;
  const { uid, resourceVersion, generation, creationTimestamp } = value['object']['metadata'];
  return isKind(value['object']['kind'])
    && (value['manifest'] === undefined || typeof value['manifest'] === 'string')
    && typeof uid === 'string' && typeof creationTimestamp === 'string'
    && typeof resourceVersion === 'string' && /^\d+$/.test(resourceVersion)
    && Number.isSafeInteger(generation);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
