// Whether a controller has heard a node's agent, and has opened its session: before that nothing is placed on its node.
export interface SessionTable {
  readonly spec: { readonly session?: string | undefined };
  readonly status?: { readonly session?: string | undefined } | undefined;
}

export function isOpen(table: SessionTable | undefined): boolean {
  return table?.spec.session !== undefined && table.spec.session === table.status?.session;
}
