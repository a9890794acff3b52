--- Certificates for specs, made once per run in a temporary folder.

local M = {}

local folder

local function run(command, ...)
  local ok = os.execute(command:format(...) .. " >/dev/null 2>&1")
  assert(ok == true or ok == 0, command)
end

--- The first line that a shell command prints.
function M.output(command)
  local pipe = assert(io.popen(command))
  local line = pipe:read "*l"
  pipe:close()
  return line
end

--- A self-signed certificate: it is its own authority.
---@param name string of its files
---@param subject_alt_name string such as "IP:127.0.0.1"
---@return table { cert, key } paths
function M.certificate(name, subject_alt_name)
  folder = folder or M.output "mktemp -d"
  local path = folder .. "/" .. name
  run(
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=spec"
      .. " -addext 'subjectAltName=%s' -keyout %s.key -out %s.pem -days 2",
    subject_alt_name,
    path,
    path
  )
  return { cert = path .. ".pem", key = path .. ".key" }
end

local AUTHORITY = [[
[ca]
default_ca = spec
[spec]
database = %s/index
new_certs_dir = %s
default_md = sha256
rand_serial = yes
policy = any
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = IP:127.0.0.1
]]

--- One whose day has passed. `openssl req` makes none; `openssl ca` does.
---@return table { cert, key } paths
function M.expired_certificate()
  local made = M.certificate("expired", "IP:127.0.0.1")
  local settings = assert(io.open(folder .. "/ca.conf", "w"))
  settings:write(AUTHORITY:format(folder, folder))
  settings:close()
  assert(io.open(folder .. "/index", "w")):close()
  local at = folder
  run("openssl req -new -key %s/expired.key -subj /CN=spec -out %s/expired.csr", at, at)
  run(
    "openssl ca -batch -selfsign -config %s/ca.conf -keyfile %s/expired.key"
      .. " -in %s/expired.csr -out %s/expired.pem"
      .. " -startdate 20200101000000Z -enddate 20200102000000Z",
    at,
    at,
    at,
    at
  )
  return made
end

function M.remove()
  if folder then
    run("rm -r '%s'", folder)
    folder = nil
  end
end

return M
