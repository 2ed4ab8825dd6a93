/** Kinds of Kubernetes that are not ours, as far as we read them. What is read and written back keeps the fields that are not named here. */

export interface ForeignMetadata {
  readonly name: string;
  readonly namespace?: string | undefined;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
  readonly deletionTimestamp?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly ownerReferences?: readonly OwnerReference[] | undefined;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface Taint {
  readonly key: string;
  readonly value?: string | undefined;
  readonly effect: string;
}

/** Of a Node only what is named here is kept in memory: whole ones carry lists of images and addresses. */
export interface ClusterNode {
  readonly metadata: ForeignMetadata;
  readonly spec: { readonly unschedulable?: boolean | undefined; readonly taints?: readonly Taint[] | undefined };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] | undefined };
}

export interface Namespace {
  readonly metadata: ForeignMetadata;
  readonly status?: { readonly phase?: string | undefined } | undefined;
}

export interface Lease {
  readonly metadata: ForeignMetadata;
  readonly spec?: LeaseSpec | undefined;
}

export interface LeaseSpec {
  /** Absent or empty: nobody holds it. */
  readonly holderIdentity?: string | undefined;
  readonly leaseDurationSeconds?: number | undefined;
  /** RFC 3339 with exactly six digits of fraction. By the holder's clock: never compare it with one's own. */
  readonly acquireTime?: string | undefined;
  readonly renewTime?: string | undefined;
  readonly leaseTransitions?: number | undefined;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[] | undefined;
  readonly args?: readonly string[] | undefined;
  readonly imagePullPolicy?: string | undefined;
  readonly resources?: {
    readonly requests?: Readonly<Record<string, string>> | undefined;
    readonly limits?: Readonly<Record<string, string>> | undefined;
  } | undefined;
  readonly securityContext?: Readonly<Record<string, unknown>> | undefined;
}

export interface Toleration {
  readonly key?: string | undefined;
  readonly operator?: string | undefined;
  readonly value?: string | undefined;
  readonly effect?: string | undefined;
}

export interface PodSpec {
  readonly nodeName?: string | undefined;
  readonly containers: readonly Container[];
  readonly tolerations?: readonly Toleration[] | undefined;
  readonly affinity?: Readonly<Record<string, unknown>> | undefined;
  readonly nodeSelector?: Readonly<Record<string, string>> | undefined;
  readonly priorityClassName?: string | undefined;
  readonly restartPolicy?: string | undefined;
  readonly serviceAccountName?: string | undefined;
  readonly automountServiceAccountToken?: boolean | undefined;
  readonly terminationGracePeriodSeconds?: number | undefined;
  readonly securityContext?: Readonly<Record<string, unknown>> | undefined;
}

export interface Pod {
  readonly metadata: ForeignMetadata & { readonly finalizers?: readonly string[] | undefined };
  readonly spec: PodSpec;
  readonly status?: { readonly phase?: string | undefined; readonly reason?: string | undefined; readonly message?: string | undefined } | undefined;
}

export interface PodDisruptionBudget {
  readonly metadata: ForeignMetadata;
  readonly spec: {
    readonly minAvailable?: number | string | undefined;
    readonly maxUnavailable?: number | string | undefined;
    readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> | undefined } | undefined;
  };
}

export interface ForeignByKind {
  readonly Node: ClusterNode;
  readonly Namespace: Namespace;
  readonly Lease: Lease;
  readonly Pod: Pod;
  readonly PodDisruptionBudget: PodDisruptionBudget;
}

export type ForeignKind = keyof ForeignByKind;

/** Nodes and namespaces are other people's: we only read them. */
export type WritableForeignKind = Exclude<ForeignKind, 'Node' | 'Namespace'>;

export interface ForeignDraft<K extends WritableForeignKind> {
  readonly metadata: Pick<ForeignMetadata, 'name' | 'namespace' | 'labels' | 'annotations' | 'ownerReferences'> & { readonly finalizers?: readonly string[] | undefined };
  readonly spec: NonNullable<ForeignByKind[K]['spec']>;
}
