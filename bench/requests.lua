-- Sends the requests of a file in turn, from a random place on: one a line, "METHOD<tab>PATH<tab>HEADER<tab>VALUE<tab>BODY".
local requests, position = {}, 0

function init(arguments)
  for line in io.lines(arguments[1]) do
    local method, path, header, value, body = line:match("^(.-)\t(.-)\t(.-)\t(.-)\t(.*)$")
    requests[#requests + 1] = wrk.format(method, path, { [header] = value }, body ~= "" and body or nil)
  end
  local seed = tonumber(tostring(requests):match("0x(%x+)"), 16) or 0
  math.randomseed(os.time() + seed % 65536)
  position = math.random(#requests)
end

function request()
  position = position % #requests + 1
  return requests[position]
end
