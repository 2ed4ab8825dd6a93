/** How one resource names a RealtimeVM, so that a VM made anew under the same name is told apart. */
import * as z from 'zod';
import { labelName, oneLine, resourceName } from './formats.ts';

export const vmReference = z.strictObject({
  namespace: labelName().describe('Namespace of the RealtimeVM.'),
  name: resourceName().describe('Name of the RealtimeVM.'),
  uid: oneLine(64).min(1).describe('UID of the RealtimeVM.'),
});
