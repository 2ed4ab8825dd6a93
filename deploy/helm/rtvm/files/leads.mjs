// The Service answers with one of the controllers, by chance: asked until it was the one that leads.
const deadline = Date.now() + 60_000;
let last = 'nothing was asked';
while (Date.now() < deadline) {
  try {
    const answer = await fetch(process.env.METRICS_URL, { headers: { connection: 'close' }, signal: AbortSignal.timeout(5000) });
    const text = await answer.text();
    if (/^leader_election_master_status\{name="rtvm-controller"\} 1$/m.test(text)) {
      console.log('a controller leads');
      process.exit(0);
    }
    last = answer.ok ? 'a controller answered that does not lead' : `status ${answer.status}`;
  } catch (error) {
    last = String(error.cause?.message ?? error.message);
  }
  await new Promise((resolve) => { setTimeout(resolve, 500); });
}
console.error(`no controller leads: ${last}; see "kubectl -n rtvm-system logs deployment/rtvm-controller"`);
process.exit(1);
