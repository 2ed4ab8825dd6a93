/** Keeps a deleted RealtimeVM until nothing of it is left on any host. */
export const finalizer = 'rtvm.dev/allocation';
