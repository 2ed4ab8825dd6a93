-- Health of a node's allocation table: the worst of its guests, by name.
local reports = {}
for _, report in ipairs(obj.status ~= nil and obj.status.guests or {}) do
  reports[report.uid] = report
end

local wrong = {}
local pending = {}
local guests = obj.spec.guests or {}
for _, guest in ipairs(guests) do
  local name = guest.vm.namespace .. "/" .. guest.vm.name
  local report = reports[guest.vm.uid]
  if report == nil then
    table.insert(pending, name)
  elseif report.phase == "Failed" or report.phase == "Unknown" then
    table.insert(wrong, name .. " (" .. (report.reason or report.phase) .. ")")
  elseif report.audit ~= nil and report.audit.verdict == "Violated" then
    table.insert(wrong, name .. " (" .. (report.reason or "Violated") .. ")")
  elseif report.phase == "Starting" or report.phase == "Stopping" or report.phase == "Placed" then
    table.insert(pending, name)
  end
end

if #wrong > 0 then
  return { status = "Degraded", message = table.concat(wrong, ", ") }
end
if #pending > 0 then
  return { status = "Progressing", message = "waiting for the agent: " .. table.concat(pending, ", ") }
end
return { status = "Healthy", message = #guests .. " guests" }
