import { createYamlFinder } from './yaml-finder.ts'

/**
 * Finds references in pipelines: GitHub Actions, GitLab CI, CircleCI, Azure Pipelines, Bitbucket, Drone, Woodpecker,
 * Tekton-like steps and Cloud Build.
 */
export const findInCi = createYamlFinder({
  format: 'ci',
  role(path) {
    const inList = path.at(-1) === '[]'
    const key = (inList ? path.at(-2) : path.at(-1)) ?? ''
    const above = path.at(-2) === '[]' ? path.at(-3) : path.at(-2)
    if (key === 'image' || key === 'container' || (key === 'services' && inList)) return 'image'
    if (key === 'docker' && inList) return 'image'
    // `image: { name: … }` and `services: [{ name: … }]` of GitLab.
    return key === 'name' && (above === 'image' || above === 'services') ? 'image' : undefined
  },
})
