import { createYamlFinder } from './yaml-values.ts'

/** Keys whose strings a shell runs, in the CI systems that are read. */
const SCRIPTS = new Set(
  'run script before_script after_script before_install install bash sh command commands pwsh powershell'.split(
    ' ',
  ),
)
/** What is said to people, and what is fetched by URL. */
const PROSE = new Set([
  'name',
  'description',
  'displayName',
  'if',
  'rules',
  'url',
  'repo',
  'title',
  'message',
])

/**
 * Finds references in pipelines: GitHub Actions, GitLab CI, CircleCI, Azure Pipelines, Bitbucket, Drone, Woodpecker,
 * Tekton-like steps and Cloud Build. Jenkinsfiles are Groovy and not read.
 */
export const findInCi = createYamlFinder({
  format: 'ci',
  role(path) {
    const inList = path.at(-1) === '[]'
    const key = (inList ? path.at(-2) : path.at(-1)) ?? ''
    const above = path.at(-2) === '[]' ? path.at(-3) : path.at(-2)
    if (key === 'image' || key === 'container' || (key === 'services' && inList)) return 'image'
    if (key === 'docker' && inList) return 'image'
    // `image: { name: … }` and `services: [{ name: … }]` of GitLab, `steps: [{ name: … }]` of Cloud Build.
    if (key === 'name' && (above === 'image' || above === 'services')) return 'image'
    if (key === 'name' && above === 'steps' && path.length === 3) return 'value'
    if (key === 'uses') return 'value'
    if (SCRIPTS.has(key)) return 'script'
    return PROSE.has(key) ? undefined : 'value'
  },
})
