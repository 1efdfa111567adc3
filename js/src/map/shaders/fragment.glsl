// `form` is size, radius, inner radius and, where the picture is flagged, the pixels to a CSS pixel.
precision mediump float;
flat in vec4 body;
flat in vec4 rim;
flat in vec4 form;
out vec4 result;
void main() {
#ifdef DOTS
  result = vec4(body.rgb * body.a, body.a);
#else
  vec2 p = (gl_PointCoord - 0.5) * form.x;
  float d = length(p);
  vec4 mark = mix(body, rim, clamp((d - form.z) / 1.2 + 0.5, 0.0, 1.0));
  float alpha = mark.a * clamp((form.y - d) / 1.2 + 0.5, 0.0, 1.0);
  // A flagged picture's mark is cut through.
  if (form.w > 0.0) alpha *= smoothstep(0.5, 1.5, abs(p.x + p.y) * 0.7071 / form.w);
  result = vec4(mark.rgb * alpha, alpha);
#endif
}
