/**
 * How a restore of the store is written down, and how a person accepts it: annotations on the leaders' Lease, or on the
 * RealtimeNode of a host without a cluster. Others may write them too, so they are read with suspicion.
 */
import * as z from 'zod';
import type { Restore } from '../protocol/facts.ts';

export const restoreAnnotation = 'rtvm.dev/restore';
export const acceptedAnnotation = 'rtvm.dev/restore-accepted';

type Annotations = Readonly<Record<string, string>>;

const restore = z.object({ id: z.string().min(1).max(64), kind: z.enum(['suspected', 'found']) });
const accepted = z.object({
  /** Of the restore that was accepted: another one is not. */
  id: z.string().min(1).max(64),
  off: z.array(z.string().max(253)).max(10_000).default([]),
});

export function restoreIn(annotations: Annotations = {}): Restore | undefined {
  const found = parsed(restore, annotations[restoreAnnotation]);
  if (found === undefined) return undefined;
  const word = parsed(accepted, annotations[acceptedAnnotation]);
  return { ...found, ...(word?.id === found.id ? { accepted: { off: word.off } } : {}) };
}

/** @param open undefined: none is. */
export function withRestore(annotations: Annotations = {}, open: Restore | undefined): Annotations {
  const { [restoreAnnotation]: _restore, [acceptedAnnotation]: word, ...others } = annotations;
  if (open === undefined) return others;
  return {
    ...others, [restoreAnnotation]: JSON.stringify({ id: open.id, kind: open.kind }),
    ...(word === undefined ? {} : { [acceptedAnnotation]: word }),
  };
}

/** @param off nodes of which the person says that they are off. */
export function withAcceptance(annotations: Annotations = {}, id: string, off: readonly string[]): Annotations {
  return { ...annotations, [acceptedAnnotation]: JSON.stringify({ id, off }) };
}

function parsed<Value>(schema: z.ZodType<Value>, text: string | undefined): Value | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
