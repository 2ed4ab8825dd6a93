/** As agents renew their Leases: after so much silence, in ms, a node counts as lost. */
export const nodeLeaseMs = 40_000;
