import picomatch from 'picomatch'

/** The files of a machine, by absolute paths with `/`. What cannot be read is told to whoever made this, not here. */
export interface NodeFiles {
  /** The text of a regular file; `undefined` where there is none that can be read. */
  read(path: string): string | undefined
  /** The names in a folder, in their order; none where there is no folder. */
  list(folder: string): readonly string[]
}

/** No machine has as many settings; what is longer is cut off. */
const PATHS_MAX = 1000

/** Whether a path is a folder with something in it. */
export function hasFolder(files: NodeFiles, path: string): boolean {
  return files.list(path).length > 0
}

/**
 * The paths that match a pattern as Go's `filepath.Glob` has it: `*` stands for characters within one component, and
 * what is not there does not match. At most 1000.
 */
export function glob(files: NodeFiles, pattern: string): string[] {
  let found = ['']
  for (const component of pattern.split('/').filter((one) => one !== '')) {
    if (!/[*?[]/.test(component)) {
      found = found.map((path) => `${path}/${component}`)
      continue
    }
    const matches = picomatch(component, { dot: true, nobrace: true, noextglob: true, noglobstar: true })
    found = found
      .flatMap((path) =>
        files
          .list(path || '/')
          .filter((name) => matches(name))
          .map((name) => `${path}/${name}`),
      )
      .slice(0, PATHS_MAX)
  }
  return found.filter((path) => files.list(parentOf(path)).includes(nameOf(path)))
}

/** The folder that a path is in. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')))
}

/** The last component of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** A path as another file names it: relative ones are below that file's folder; `.` and `..` are gone. */
export function pathFrom(file: string, path: string): string {
  const parts: string[] = []
  for (const part of (path.startsWith('/') ? path : `${parentOf(file)}/${path}`).split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `/${parts.join('/')}`
}
