export function readableSize(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB']
  let size = bytes
  let unit = 0
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024
    unit += 1
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`
}
