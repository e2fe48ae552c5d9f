/** A proxy's URL in the words of Azure's libraries. */
export function toProxyOptions(proxy: string) {
  const { protocol, hostname, port, username, password } = new URL(proxy)
  return {
    host: `${protocol}//${hostname}`,
    port: Number(port || (protocol === 'https:' ? 443 : 80)),
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
  }
}
