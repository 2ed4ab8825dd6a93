// Prints how long each suite of `make test` took beside what test/budget.json gives it on a quiet machine. It informs
// whoever adds a test, and decides nothing: how long a test takes says more of the machine than of the test.
//
//   node scripts/report-minutes.ts FILE      a step a line, NAME<TAB>SECONDS
import { readFileSync } from 'node:fs';
import { minutesReport } from './minutes-report.ts';
import type { Step } from './minutes-report.ts';

const [file = ''] = process.argv.slice(2);
const steps = readFileSync(file, 'utf8').split('\n').filter((line) => line !== '').map((line): Step => {
  const [name = '', seconds] = line.split('\t');
  return { name, seconds: Number(seconds) };
});
console.log(minutesReport(steps, JSON.parse(readFileSync('test/budget.json', 'utf8'))));
