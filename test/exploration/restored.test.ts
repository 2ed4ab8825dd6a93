// Worlds in which a store is put back, or an agent lies: as the worlds of every day.
import { exploreWhole } from './explored.ts';
import { restoredWorlds } from './worlds.ts';

exploreWhole(restoredWorlds);
