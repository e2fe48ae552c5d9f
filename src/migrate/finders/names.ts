/** Whether the name of a setting, a flag or a variable says that its value is an image: `IMAGE`, `pauseImage`. */
export function namesImage(name: string): boolean {
  return /image|img/i.test(name)
}

/** Whether such a name says that its value is a registry, or one with the beginning of a path. */
export function namesRegistry(name: string): boolean {
  return /registr|repositor|repo$|repo_?ur[il]$|image_?prefix|mirror|hub$/i.test(name)
}
