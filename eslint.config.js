// Type-aware rules for everything, and one rule of our own: which room may import which (the table is in CONTRIBUTING.md).
import tseslint from 'typescript-eslint';

/** Room → the rooms it may import. A room that is not listed may not be imported by it. */
const mayImport = {
  realtime: [],
  crds: ['realtime'],
  store: ['crds'],
  controller: ['realtime', 'crds', 'store'],
  libvirt: [],
  'node-agent': ['realtime', 'crds', 'store', 'libvirt'],
  cli: ['realtime', 'crds', 'store', 'controller', 'libvirt', 'node-agent'],
};

const rooms = Object.keys(mayImport);

const roomRules = Object.entries(mayImport).map(([room, allowed]) => {
  const forbidden = rooms.filter((other) => other !== room && !allowed.includes(other));
  return {
    files: [`src/${room}/**/*.ts`],
    rules: {
      'no-restricted-imports': ['error', {
        patterns: [
          ...forbidden.map((other) => ({
            regex: `^(\\.\\./)+(src/)?${other}/`,
            message: `src/${room}/ may not import src/${other}/ (it may import: ${allowed.join(', ') || 'no other room'}).`,
          })),
          { regex: '^(\\.\\./)+(test|bench|scripts)/', message: 'src/ does not depend on tests, benches or scripts.' },
        ],
      }],
    },
  };
});

/** The pure core: no I/O, no clock, no randomness. */
const pureCore = {
  files: ['src/realtime/**/*.ts'],
  ignores: ['**/*.test.ts'],
  rules: {
    'no-restricted-globals': ['error', 'process', 'fetch', 'setTimeout', 'setInterval', 'performance', 'Date'],
    'no-restricted-properties': ['error', { object: 'Math', property: 'random', message: 'The core is deterministic.' }],
    '@typescript-eslint/no-restricted-imports': ['error', { patterns: [{ regex: '^node:', message: 'src/realtime/ does no I/O.' }] }],
  },
};

/** The bundle then holds only what is used of it: `z` as one object drags in all of zod, its forty languages too. */
const zodByName = {
  files: ['src/**/*.ts'],
  rules: {
    'no-restricted-syntax': ['error', { selector: "ImportDeclaration[source.value='zod'] > ImportSpecifier", message: "Write: import * as z from 'zod'" }],
  },
};

export default tseslint.config(
  { ignores: ['node_modules', 'dist', 'build', 'coverage'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['eslint.config.js', 'deploy/helm/rtvm/files/leads.mjs'] }, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      'max-lines': ['error', 450],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
    },
  },
  { files: ['eslint.config.js', 'deploy/**/*.mjs'], ...tseslint.configs.disableTypeChecked },
  ...roomRules,
  pureCore,
  zodByName,
);
