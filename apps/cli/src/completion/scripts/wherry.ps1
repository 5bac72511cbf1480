# PowerShell completion for wherry
# Load it with: wherry completion powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName wherry -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        Select-Object -Skip 1 |
        ForEach-Object { if ($_.Value -is [string]) { $_.Value } else { $_.Extent.Text } })
    $mode, $candidates = @(wherry __complete @words ":$wordToComplete" 2>$null)
    if ($mode -eq 'files' -or $mode -eq 'directories') { return }
    foreach ($candidate in $candidates) {
        $value, $about = $candidate -split [char]9, 2
        if (-not $about) { $about = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $about)
    }
}
