/** The rules of each kind that the API server checks by itself. */
import type { Kind } from '../resource.ts';
import { classRules } from './class-rules.ts';
import { imageRules } from './image-rules.ts';
import { nodeRules } from './node-rules.ts';
import type { Rule } from './rule.ts';
import { vmRules } from './vm-rules.ts';

export const rulesOf: Readonly<Record<Kind, readonly Rule[]>> = {
  RealtimeVM: vmRules,
  RealtimeVMClass: classRules,
  RealtimeImage: imageRules,
  RealtimeNode: nodeRules,
  // The controller alone writes it, under compare-and-swap, and it is large: bounds and formats are enough.
  RealtimeAllocation: [],
};
