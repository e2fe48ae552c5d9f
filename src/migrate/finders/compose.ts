import { createYamlFinder } from './yaml-finder.ts'

/** Finds references in compose files; a host may be left out of an `image`. */
export const findInCompose = createYamlFinder({
  format: 'compose',
  role: (path) => (path.at(-1) === 'image' ? 'image' : undefined),
})
