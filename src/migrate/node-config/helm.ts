import { movesOf, type NodeConfig, type NodeConfigRequest, nothingToSet } from './node-config.ts'

const FILE = 'registry-values.yaml'
const CHECK = `helm template RELEASE CHART --values ${FILE} | portolan scan -`

/** Helm has no mirrors: a registry is a value of the chart, by no more than a convention. */
export function helmConfig(request: NodeConfigRequest): NodeConfig {
  const { moves, map, notes } = movesOf(request)
  const moved = [...new Set(['k8s.gcr.io', 'registry.k8s.io', ...moves.map(({ from }) => from)])]
  const target = moved.map((path) => map.judge({ path })?.to?.path).find((path) => path !== undefined)
  if (target === undefined) return nothingToSet(['the map moves nothing'])
  return {
    settings: [{ file: FILE, whole: true, content: `global:\n  imageRegistry: ${target}\n` }],
    apply: [`helm upgrade RELEASE CHART --reuse-values --values ${FILE}`],
    check: [CHECK],
    undo: ['helm rollback RELEASE'],
    notes: [
      'global.imageRegistry is obeyed by charts that follow the convention, and puts every image of theirs under one registry',
      'what the check still finds stands in values of its own: "portolan scan" names each, "portolan rewrite" changes them',
      ...notes,
    ],
  }
}
