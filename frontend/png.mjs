// Draws the mark of favicon.svg as a PNG: a rounded square, one line, one dot; each by its distance, so edges are smooth.
import { crc32, deflateSync } from "node:zlib";

const number = (text, name) => Number(text.match(new RegExp(`\\b${name}="([^"]+)"`))[1]);
const tag = (svg, name) => svg.match(new RegExp(`<${name} [^>]*>`))[0];

export function png(svg, size) {
  const scale = 24 / size;
  const cover = (distance) => Math.min(1, Math.max(0, 0.5 - distance / scale));
  const [square, line, dot] = ["rect", "path", "circle"].map((name) => tag(svg, name));
  const ground = square.match(/fill="#(..)(..)(..)"/).slice(1).map((hex) => Number.parseInt(hex, 16));
  const corner = number(square, "rx");
  const points = corners(line.match(/ d="([^"]+)"/)[1]);
  const pen = number(line, "stroke-width") / 2;
  const rows = Buffer.alloc(size * (size * 4 + 1)); // each row begins with its filter, 0
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      const at = [(x + 0.5) * scale, (y + 0.5) * scale];
      const [dx, dy] = at.map((value) => Math.max(Math.abs(value - 12) - 12 + corner, 0));
      const ink = Math.max(
        cover(Math.hypot(at[0] - number(dot, "cx"), at[1] - number(dot, "cy")) - number(dot, "r")),
        ...points.slice(1).map((end, index) => cover(away(at, points[index], end) - pen)),
      );
      const pixel = ground.map((value) => Math.round(value + (255 - value) * ink));
      rows.set([...pixel, Math.round(255 * cover(Math.hypot(dx, dy) - corner))], y * (size * 4 + 1) + 1 + x * 4);
    }
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  head.set([8, 6], 8); // eight bits, red green blue alpha
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  return Buffer.concat([signature, chunk("IHDR", head), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

// "M5.5 15.5l4-4.5 3 2.5": where it starts, then steps.
function corners(path) {
  const values = path.match(/-?[\d.]+/g).map(Number);
  const points = [values.slice(0, 2)];
  for (let i = 2; i < values.length; i += 2) points.push([points.at(-1)[0] + values[i], points.at(-1)[1] + values[i + 1]]);
  return points;
}

// How far a point is from a stretch of line.
function away([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const part = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)));
  return Math.hypot(x - ax - part * dx, y - ay - part * dy);
}

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
