// Worlds in which nobody puts a store back: each is explored whole, no state breaks what is promised, and from each all
// can come right.
import { exploreWhole } from './explored.ts';
import { everydayWorlds } from './worlds.ts';

exploreWhole(everydayWorlds);
