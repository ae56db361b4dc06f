using FleetOps.Operator;

return await OperatorCommand
    .Create(async (options, cancel) =>
    {
        await using var app = OperatorHost.Build(options);
        await app.RunAsync(cancel);
        return 0;
    })
    .Parse(args)
    .InvokeAsync();
