/** What opens TLS on the way, by the name that its authorities have. */
export interface InspectingProduct {
  readonly product: string
  /** Its own name or its maker's, as it stands in those of its authorities, and in none that browsers trust. */
  readonly says: readonly string[]
  /** Where that authority is described, of those whose names one would not know. */
  readonly source?: string
}

/** An authority of a company's own in such a product has the company's name: by that nothing is known. */
export const INSPECTING_PRODUCTS: readonly InspectingProduct[] = [
  {
    product: 'Zscaler',
    says: ['Zscaler'],
    source: 'https://help.zscaler.com/unified/choosing-ca-certificate-ssl-inspection',
  },
  {
    product: 'Fortinet FortiGate',
    says: ['Fortinet', 'FortiGate', 'Fortinet_CA_SSL'],
    source: 'https://docs.fortinet.com/document/FortiSASE/latest/administration-guide/549916',
  },
  { product: 'a firewall of Palo Alto Networks', says: ['Palo Alto Networks'] },
  {
    product: 'Netskope',
    says: ['Netskope', 'goskope.com'],
    source: 'https://docs.netskope.com/en/certificates/',
  },
  {
    product: 'Cisco Umbrella',
    says: ['Cisco Umbrella'],
    source: 'https://docs.umbrella.com/umbrella-user-guide/docs/add-customer-ca-signed-root-certificate',
  },
  {
    product: 'Symantec (Blue Coat)',
    says: ['Blue Coat', 'Symantec Web Security Service', 'ProxySG'],
    source:
      'https://techdocs.broadcom.com/us/en/symantec-security-software/web-and-network-security/web-security-service/help/ssl-certs-policies/ssl_certs.html',
  },
  {
    product: 'Sophos',
    says: ['Sophos', 'SecurityAppliance_SSL_CA'],
    source: 'https://www.avanet.com/en/kb/how-to-install-ssl-ca-certificate-for-sophos-https-scanning/',
  },
  { product: 'Check Point', says: ['Check Point'] },
  { product: 'Forcepoint', says: ['Forcepoint', 'Websense'] },
  { product: 'McAfee Web Gateway', says: ['McAfee Web Gateway'] },
  { product: 'Barracuda', says: ['Barracuda Networks'] },
  { product: 'SonicWall', says: ['SonicWall'] },
  {
    product: 'WatchGuard Firebox',
    says: ['WatchGuard', 'Fireware'],
    source:
      'https://www.watchguard.com/help/docs/help-center/en-US/Content/en-US/Fireware/certificates/cert_https_proxy_resign_c.html',
  },
  {
    product: 'Cloudflare Gateway',
    says: ['Gateway CA - Cloudflare Managed', 'Cloudflare for Teams'],
    source: 'https://developers.cloudflare.com/cloudflare-one/traffic-policies/http-policies/tls-decryption/',
  },
  {
    product: 'mitmproxy',
    says: ['mitmproxy'],
    source: 'https://docs.mitmproxy.org/stable/concepts/certificates/',
  },
  { product: 'Squid', says: ['Squid'] },
  { product: 'Burp Suite', says: ['PortSwigger'] },
  { product: 'Charles', says: ['Charles Proxy'] },
  { product: 'Fiddler', says: ['FiddlerRoot'] },
]

const PATTERNS = INSPECTING_PRODUCTS.map(({ product, says }) => ({
  product,
  pattern: new RegExp(`(?<![a-z0-9])(?:${says.map(literal).join('|')})(?![a-z0-9])`, 'i'),
}))

/** What has issued a certificate in place of the host's, where one of its issuers says so; their names as OpenSSL writes them. */
export function inspectingProduct(issuers: readonly string[]): string | undefined {
  return PATTERNS.find(({ pattern }) => issuers.some((name) => pattern.test(name)))?.product
}

/** In words, that something opens TLS on the way. */
export function sayInspected(product: string): string {
  return `that is ${product}, which opens TLS on the way and shows certificates of its own`
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
