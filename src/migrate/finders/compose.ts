import { createYamlFinder } from './yaml-values.ts'

/** Finds references in compose files: `image`, wherever it stands, arguments and caches of builds, environments. */
export const findInCompose = createYamlFinder({
  format: 'compose',
  role(path) {
    const key = path.at(-1) === '[]' ? path.at(-2) : path.at(-1)
    if (key === 'image') return 'image'
    if (key === 'dockerfile_inline') return 'file'
    if (key === 'command' || key === 'entrypoint') return path.at(-1) === '[]' ? 'word' : 'script'
    return key === 'cache_from' ||
      path.includes('args') ||
      path.includes('environment') ||
      path.includes('additional_contexts')
      ? 'value'
      : undefined
  },
})
