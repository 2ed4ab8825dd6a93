/** What every resource has beside spec and status, as the Kubernetes API writes it. */
import * as z from 'zod';
import { labelName, labelValue, oneLine, qualifiedName, resourceName, sentence, timestamp } from './formats.ts';

export const apiVersion = 'rtvm.dev/v1alpha1';
export const defaultNamespace = 'default';

/** As many as anybody sets; a bound keeps the API server's rules over them cheap. */
const maxLabels = 64;

export const labels = () => z.record(qualifiedName(), labelValue())
  .refine((record) => Object.keys(record).length <= maxLabels, { error: `must have at most ${maxLabels} labels` })
  .meta({ maxProperties: maxLabels });

/** What people write, and what an API server adds; the latter is accepted so that `kubectl get -o yaml` reads back. */
const common = {
  name: resourceName().describe('The name, unique for its kind within the namespace (or the cluster).'),
  uid: oneLine(64).min(1).describe('Identity: given once by the store, never reused.').optional(),
  resourceVersion: oneLine(64).describe('Opaque; changes with every write.').optional(),
  generation: z.int().min(0).describe('Counts the changes of spec.').optional(),
  creationTimestamp: timestamp().describe('When the object was made.').optional(),
  deletionTimestamp: timestamp().describe('When deletion was asked for; absent otherwise.').optional(),
  deletionGracePeriodSeconds: z.int().min(0).describe('Seconds between asking for deletion and the earliest end of the object.').optional(),
  finalizers: z.array(qualifiedName()).max(64).describe('What must still be done before the object may go.').optional(),
  labels: labels().describe('Labels, for selectors.').optional(),
  annotations: z.record(qualifiedName(), z.string().max(262144)).describe('Notes of people and tools; neither the controller nor an agent reads any.').optional(),
  ownerReferences: z.array(z.record(z.string(), z.unknown())).max(64).describe('Objects that this one belongs to.').optional(),
  managedFields: z.array(z.record(z.string(), z.unknown())).describe('Who manages which fields, as the API server keeps it.').optional(),
};

export const clusterMetadata = z.strictObject(common).describe('Name and labels; the object belongs to the whole cluster.');

export const namespacedMetadata = z.strictObject({
  ...common,
  namespace: labelName().describe('The namespace.').default(defaultNamespace),
}).describe('Name, namespace and labels.');

/** A condition as Kubernetes has it. */
export const condition = z.strictObject({
  type: oneLine(316).describe('What the condition says.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  reason: oneLine(1024).describe('Why, as one CamelCase word for programs.'),
  message: sentence().describe('Why, for people.'),
  lastTransitionTime: timestamp().describe('When the status last changed.'),
  observedGeneration: z.int().min(0).describe('The generation of spec that it was said of.').optional(),
}).describe('One condition.');

/** Labels that namespaces must carry, as Kubernetes writes selectors. */
export const labelSelector = z.strictObject({
  matchLabels: labels().describe('Labels that must all be there with these values.').optional(),
  matchExpressions: z.array(z.strictObject({
    key: qualifiedName().describe('The label.'),
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']).describe('How values compare.'),
    values: z.array(labelValue()).max(64).describe('Values for In and NotIn.').optional(),
  })).max(16).describe('Conditions that must all hold.').optional(),
});
