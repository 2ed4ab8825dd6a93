/** The Lease that one controller holds; what is known of a restore of the store is written on it. */
export const leaderLease = 'rtvm-controller';
