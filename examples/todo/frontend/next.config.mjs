// Nothing here depends on where the program will run: addresses are read at run time.
const here = import.meta.dirname;

const headers = [
  // Next.js puts its data into inline scripts and styles. Everything comes from this server, and nothing may frame it.
  {
    key: "Content-Security-Policy",
    value:
      "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
      "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  },
  { key: "X-Content-Type-Options", value: "nosniff" },
  { key: "Referrer-Policy", value: "no-referrer" },
];

/** @type {import("next").NextConfig} */
export default {
  output: "standalone",
  poweredByHeader: false,
  reactStrictMode: true,
  // No picture is resized, so `sharp`, which has machine code in it, stays out of the image.
  images: { unoptimized: true },
  outputFileTracingRoot: here,
  outputFileTracingExcludes: { "*": ["node_modules/@img/**", "node_modules/sharp/**", "node_modules/typescript/**"] },
  turbopack: { root: here },
  headers: async () => [{ source: "/:path*", headers }],
};
