/**
 * A path of a config, which starts from the config's folder unless it is absolute. Joins by hand, since this code knows
 * no runtime: `/`, `C:\` and `\\server` begin an absolute path.
 */
export function absolutePath(path: string, baseFolder: string): string {
  if (/^(?:\/|\\\\|[A-Za-z]:[\\/])/.test(path)) return path
  return `${baseFolder.replace(/[\\/]+$/, '')}/${path.replace(/^(?:\.\/)+/, '')}`
}
