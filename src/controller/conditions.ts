/** Conditions as Kubernetes has them: one per type, with the time of its last change of status. */

export type ConditionStatus = 'True' | 'False' | 'Unknown';

/** A condition before it has a time. */
export interface ConditionDraft<Type extends string = string> {
  readonly type: Type;
  readonly status: ConditionStatus;
  /** One CamelCase word. */
  readonly reason: string;
  readonly message: string;
}

export interface Condition<Type extends string = string> extends ConditionDraft<Type> {
  readonly lastTransitionTime: string;
  readonly observedGeneration?: number | undefined;
}

/** The longest message that a condition can carry. */
const maxMessage = 32_768;

/** The drafts as conditions; one whose status is as before keeps its time. */
export function conditionsFrom(drafts: readonly ConditionDraft[], before: readonly Condition[], observedGeneration: number, now: Date): readonly Condition[] {
  return drafts.map((draft) => {
    const last = before.find(({ type }) => type === draft.type);
    return {
      ...draft,
      message: draft.message.slice(0, maxMessage),
      lastTransitionTime: last?.status === draft.status ? last.lastTransitionTime : now.toISOString(),
      observedGeneration,
    };
  });
}
