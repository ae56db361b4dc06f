using FleetOps.CrdGenerator;

if (args is not [var chart, var crds])
{
    await Console.Error.WriteLineAsync("usage: FleetOps.CrdGenerator CHART-FOLDER CRD-FOLDER");
    return 64;
}

foreach (var (path, content) in GeneratedFiles.All(chart, crds))
{
    Directory.CreateDirectory(Path.GetDirectoryName(path)!);
    await File.WriteAllTextAsync(path, content);
    Console.WriteLine(path);
}

return 0;
