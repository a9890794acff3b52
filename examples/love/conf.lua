function love.conf(t)
  t.version = "11.4"
  t.window.title = "elevenlabs-workspace"
  t.window.width, t.window.height = 832, 600
  for _, name in ipairs { "audio", "joystick", "physics", "sound", "touch", "video" } do
    t.modules[name] = false
  end
end
