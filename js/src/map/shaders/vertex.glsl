// `view` takes places to the clip space, `place * view.xy + view.zw`; `radius` is in device pixels, of which `ratio` are
// a CSS pixel. Bits of `look` are those of pointrenderer.ts. All that is the same over a point is computed here, once.
precision highp float;
precision highp int;
layout(location = 0) in float x;
layout(location = 1) in float y;
layout(location = 2) in float fromX;
layout(location = 3) in float fromY;
layout(location = 4) in uint group;
layout(location = 5) in uint look;
uniform vec4 view;
uniform float radius;
uniform float ratio;
uniform float travel;
uniform float muted;
uniform uint mask;
uniform vec3 background;
uniform vec3 ink;
uniform highp sampler2D colours;
flat out vec4 body;
flat out vec4 rim;
flat out vec4 form;
void main() {
  vec4 colour = texelFetch(colours, ivec2(group & 255u, group >> 8), 0);
  bool marked = (look & 12u) != 0u;
  bool ring = (look & 32u) != 0u;
  bool quiet = (look & 4u) == 0u && (colour.a == 0.0 || (mask != 0u && (look & mask) == 0u));
  float strength = (quiet ? muted : 1.0) * ((look & 16u) != 0u ? 0.6 : 1.0);
  float r = radius * ((look & 4u) != 0u ? 1.3 : 1.0);
#ifdef DOTS
  float size = max(2.0, floor(2.0 * r + 0.5));
  body = vec4(ring ? mix(background, colour.rgb, 0.6) : colour.rgb, 0.9 * strength);
  if (marked) body.rgb = mix(colour.rgb, ink, 0.35);
#else
  float size = 2.0 * r + 2.0;
  body = ring ? vec4(mix(background, colour.rgb, 0.22), 0.62 * strength) : vec4(colour.rgb, 0.95 * strength);
  rim = ring ? vec4(marked ? mix(colour.rgb, ink, 0.35) : colour.rgb, strength)
             : vec4(mix(colour.rgb, marked ? ink : background, 0.75), 0.95 * strength);
  form = vec4(size, r, r - (marked ? 1.75 : 1.5) * ratio, (look & 16u) != 0u ? ratio : 0.0);
#endif
  gl_PointSize = size;
  bool gone = (look & 1u) != 0u;
  gl_Position = gone ? vec4(2.0, 2.0, 0.0, 1.0) : vec4(mix(vec2(fromX, fromY), vec2(x, y), travel) * view.xy + view.zw, 0.0, 1.0);
}
