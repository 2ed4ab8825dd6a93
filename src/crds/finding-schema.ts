/** A difference that an audit saw, as statuses hold it. */
import * as z from 'zod';
import { oneLine, sentence } from './formats.ts';

/** Bounded, so that a guest with hundreds of threads cannot fill an object; the command line shows them all. */
export const maxFindings = 32;

export const findings = () => z.array(z.strictObject({
  code: oneLine(64).describe('What differs, as one CamelCase word for programs.'),
  severity: z.enum(['error', 'warning']).describe('Whether it makes the VM unverified.'),
  subject: oneLine(256).describe('The thread or figure that it is about.'),
  expected: oneLine(1024).describe('What the placement asks for.'),
  observed: oneLine(1024).describe('What was read.'),
  message: sentence().describe('Both, for people.'),
})).max(maxFindings);
