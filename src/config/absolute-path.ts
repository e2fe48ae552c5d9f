/**
 * A path of a config, which starts from the config's folder unless it is absolute. Joins by hand, since this code knows
 * no runtime: `/`, `C:\` and `\\server` begin an absolute path.
 */
export function absolutePath(path: string, baseFolder: string): string {
  if (/^(?:\/|\\\\|[A-Za-z]:[\\/])/.test(path)) return path
  return `${baseFolder.replace(/[\\/]+$/, '')}/${path.replace(/^(?:\.\/)+/, '')}`
}

/** The names on the way to an absolute path, with `.`, `..` and empty ones taken out. */
export function stepsOfPath(path: string): readonly string[] {
  const steps: string[] = []
  for (const step of path.split(/[\\/]+/)) {
    if (step === '..') steps.pop()
    else if (step !== '' && step !== '.') steps.push(step)
  }
  return steps
}
