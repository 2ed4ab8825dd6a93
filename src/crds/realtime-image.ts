/** RealtimeImage: what guests start from. */
import * as z from 'zod';
import type { DeepReadonly } from './deep-readonly.ts';
import { httpUrl, mask, oneLine, relativePath, sha256 } from './formats.ts';
import { writtenWhole } from './list-types.ts';
import { apiVersion, namespacedMetadata } from './metadata.ts';

export const imageSource = z.strictObject({
  path: relativePath().describe('File under the host\'s image root.').optional(),
  url: httpUrl().describe('Where hosts fetch it from, if their administrator allows the server; instead of path.').optional(),
  sha256: sha256().describe('SHA-256 sum of the file; required with url, checked with path.').optional(),
});

export const imageFormats = ['raw', 'qcow2', 'rom'] as const;

const imageSpec = z.strictObject({
  source: imageSource.meta(writtenWhole).describe('Where the file is: path, or url with sha256.'),
  format: z.enum(imageFormats).describe('raw, qcow2 (with no backing or data file of its own), or rom: a firmware that is the whole guest. Never guessed.'),
  realtimeMask: mask().describe('Realtime vCPUs for guests that start from this image; overrides the mask of class or VM.').optional(),
  guest: z.strictObject({
    kernelArgs: oneLine(2048).describe('Kernel arguments that the image was made with, for people and checks.').optional(),
    realtimeKernel: z.boolean().describe('Whether its kernel is a PREEMPT_RT one.').optional(),
  }).describe('What is inside.').optional(),
});

export const realtimeImage = z.strictObject({
  apiVersion: z.literal(apiVersion).describe('Version of the API.'),
  kind: z.literal('RealtimeImage').describe('Kind of the resource.'),
  metadata: namespacedMetadata,
  spec: imageSpec.describe('What the image is.'),
}).describe('An image that guests start from: a disk, or a firmware that is the whole guest.');

export type RealtimeImage = DeepReadonly<z.output<typeof realtimeImage>>;
